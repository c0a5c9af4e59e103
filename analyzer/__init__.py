"""Mail logs of Postfix, Exim and sendmail: what was said, what keeps failing, why, and what to do."""
