"""What can be done with people, teams and keys. Each verb is one transaction with its event.

teams        make a team, change a role, remove a member
invitations  ask somebody in, withdraw, accept
keys         service accounts, API keys, and who stands behind a key
people       make, change, close and erase an account
logins       what happens around a login: outcomes, sessions, lock-out
"""
