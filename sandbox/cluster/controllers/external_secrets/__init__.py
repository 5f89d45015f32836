"""
The External Secrets Operator 2.9, as far as a deployment on Azure can tell the difference.

It works only while its pods are ready and its CRDs exist, signs in as a service account, and
reads Key Vault over HTTPS. Simulated: stores of the provider azurekv with WorkloadIdentity;
`data`, `dataFrom.extract`, properties, tags, templates made of `{{ .key }}`. Not simulated, and
told so in an event: other providers and sign-ins, `find`, generators, rewrites, sync windows.
"""
