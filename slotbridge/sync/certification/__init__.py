"""The portal's acceptance flows, run against a test account of it or the sandbox (behaviour.md
section 12): mapping of all resources, synchronizing all bookings, real-time schedule updates.

What it says is English wherever it runs: it is read by the portal's testers. Ids and times only,
never a person: the one patient in it is invented.
"""
