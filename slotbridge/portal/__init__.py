"""A Medihost portal: takes clinics' schedules by XML, offers times to patients, hands orders out.

A program of its own, with its own process and database; it shares formats (`wire`) and tools
(`kit`) with the rest, never tables or functions.
"""
