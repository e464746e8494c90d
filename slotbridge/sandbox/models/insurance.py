"""Who pays instead of the patient: the portal's dictionaries, and what an address takes."""

from django.db import models

from slotbridge.sandbox.models.directory import NFZ, Address


class InsuranceProvider(models.Model):
    """An insurer of the dictionary. Id 13 is NFZ, the public one (behaviour.md section 5)."""

    NFZ = NFZ

    name = models.CharField(max_length=200, unique=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name


class InsurancePlan(models.Model):
    """A plan of one insurer. NFZ has none."""

    provider = models.ForeignKey(InsuranceProvider, models.CASCADE, related_name="plans")
    name = models.CharField(max_length=200)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("provider", "name"), name="sandbox_plan_once"),
        )

    def __str__(self) -> str:
        return self.name


class AddressInsurance(models.Model):
    """An insurer taken at an address; no plans named: any of them."""

    address = models.ForeignKey(Address, models.CASCADE, related_name="insurances")
    provider = models.ForeignKey(InsuranceProvider, models.CASCADE, related_name="+")
    plans = models.ManyToManyField(InsurancePlan, related_name="+")

    class Meta:
        ordering = ("provider",)
        constraints = (
            models.UniqueConstraint(
                fields=("address", "provider"),
                name="sandbox_insurance_once",  # insurances.add: AlreadyAssigned
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider_id} at {self.address_id}"
