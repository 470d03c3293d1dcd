"""The version of this server, as the API document and the log say it."""

VERSION = "0.1.0"
