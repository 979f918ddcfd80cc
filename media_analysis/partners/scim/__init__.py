"""SCIM 2.0 (RFC 7643, RFC 7644): a team's identity provider manages people and groups."""
