"""What the server can do, one verb-rich module a capability. Every call takes a Context and the
Actor with its scope.
"""
