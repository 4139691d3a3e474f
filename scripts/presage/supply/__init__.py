"""Supply: what presage stands on, kept by its maintainers: environments, their exact pins, and licences."""
