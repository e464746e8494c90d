"""What a patient, a doctor and the portal's adviser see. No script is needed."""
