"""What notifications uses outside its database: other services over gRPC, the mail server, the words that ship with it."""
