"""What people see of the portal: patients, clinics' staff, the operator."""
