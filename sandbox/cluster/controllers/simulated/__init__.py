"""What simulated containers answer: the Supabase services, their gateway, and S3Proxy."""
