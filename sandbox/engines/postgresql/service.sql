-- The databases of the service itself, copies of template1 like all others.

CREATE DATABASE azure_maintenance;

CREATE DATABASE azure_sys;

