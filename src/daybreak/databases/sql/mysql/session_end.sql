-- End a session of this user; it rolls back.
kill :pid
