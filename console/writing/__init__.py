"""Reply writing: a Context goes in, a Proposal comes out. Knows no database and decides nothing."""
