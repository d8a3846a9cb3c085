"""Facts from one service to the others: outbox -> relay -> broker -> consumer -> handler; RabbitMQ or one SQLite file."""
