"""`slotbridge certify`: chooses the account, acts at the portal, shows how it goes."""
