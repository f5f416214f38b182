"""The dead-letter queues: their messages, the reasons why they failed, and their replay."""
