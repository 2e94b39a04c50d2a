"""pretix as the tests run it: one SQLite file, no e-mail, nothing fetched from anywhere."""

from pretix.settings import *  # noqa: F401,F403
from pretix.settings import DATABASES, LOGGING

EMAIL_BACKEND = EMAIL_CUSTOM_SMTP_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
FETCH_ECB_RATES = False
# Nobody signs in with a password; the usual hash costs half a second each.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Several processes share the file: readers never wait, and a writer takes its lock when it begins, so that it waits
# for another one instead of failing. The file dies with the test, so nothing is flushed.
DATABASES["default"]["OPTIONS"] = {
    "timeout": 30,
    "transaction_mode": "IMMEDIATE",
    "init_command": "pragma journal_mode=wal; pragma synchronous=off",
}
for logger in LOGGING["loggers"].values():
    logger["handlers"] = [name for name in logger["handlers"] if name not in ("console", "mail_admins")]
