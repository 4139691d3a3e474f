"""The configuration: one file a pydantic section; the YAML, its comments and the JSON schema are generated."""
