"""The Medihost exchange document: what the clinic's side writes, the portal reads, and back.

Source: docs/reference/medihost.md (the protocol and our rules U-1 to U-44).
"""
