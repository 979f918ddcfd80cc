"""The result of a request to an address, in the reader's language. Rows keep code and status."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

SENTENCES = {
    "address_not_public": _("The address does not lead to the public internet."),
    "https_needed": _("The address must begin with https://."),
    "url_malformed": _("The address cannot be read. It begins with https:// and names a host."),
    "url_too_long": _("The address is too long."),
    "url_with_password": _("An address cannot contain a user name or a password."),
    "port_closed": _("Only the ports 80, 443 and those from 1024 on can be used."),
    "host_not_allowed": _("The team does not allow this host."),
    "too_many_redirects": _("The address leads from one redirect to the next."),
    "redirected": _("It answered with a redirect, which is not followed."),
    "compressed": _("The answer is compressed, which is not supported."),
    "name_unknown": _("The name of this address cannot be looked up."),
    "not_reached": _("The address accepts no connections."),
    "tls_failed": _("The certificate is not valid for this address, or TLS failed."),
    "timeout": _("No complete answer came in time."),
    "broken_answer": _("The connection broke, or the answer was not valid HTTP."),
}
ANSWERED = _("It answered {status}.")


def in_words(code: str, status: int | None = None) -> str:
    """Empty for a code that says nothing of an address."""
    if code in SENTENCES:
        return gettext(SENTENCES[code])
    return gettext(ANSWERED).format(status=status) if status is not None else ""
