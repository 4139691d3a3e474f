"""The configuration: one pydantic section a file, from which the YAML, its comments and the JSON schema are generated."""
