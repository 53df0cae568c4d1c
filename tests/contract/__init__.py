"""The contract that every component keeps, driven by the families: a new member is tested without a row here."""
