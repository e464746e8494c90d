"""`slotbridge demo`: a clinic, the hub and a portal on one machine, and a story between them."""
