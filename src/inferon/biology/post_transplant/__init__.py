"""After a transplant: pre-emptive interferon, donor lymphocytes, kinase inhibitor, and what antigen load does to T cells."""
