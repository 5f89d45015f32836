"""
A stand-in for the hashicorp/azurerm provider, for machines that cannot download the real one.

Terraform starts it from a filesystem mirror (`mirror`) and speaks plugin protocol 6 with it
(`launch`, `service`). The schema is the real provider's (`catalog`); plans follow the rules of the
real provider's SDK (`plan`); resources live in Azure Resource Manager (`azure`), translated by
tables (`resources`) that name where each attribute lives.
"""
