"""Portals that take whole documents and hand out orders: everything is told from present state."""
