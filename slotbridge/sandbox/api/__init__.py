"""The portal's Integrations API v3: one function per operation of the contract."""
