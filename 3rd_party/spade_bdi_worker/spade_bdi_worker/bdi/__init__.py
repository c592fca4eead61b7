"""What needs SPADE: agents, their reasoning, the XMPP server, the session in which they meet."""
