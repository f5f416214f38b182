"""Ready to resend: the contact that failed is no longer the customer's contact."""

from undelivered.domain.account import Customer, same_contact
from undelivered.domain.notification import State, UndeliveredItem
from undelivered.domain.resend import Requirement, requirement


def ready_contact(item: UndeliveredItem, customer: Customer) -> str:
    """Return the contact that an item is ready to be resent to, empty when it is not.

    It is not ready while the contact is the one that failed last, or the one that a running resend
    goes to; and never after a complaint, which holds for the person, whatever the address.
    """
    contact = customer.contact(item.channel)
    if not contact or requirement(item.verdict) is Requirement.NEVER:
        return ""
    tried = {item.failure.to, *([item.last_attempt.to] if item.state is State.RESENDING else [])}
    return "" if any(same_contact(item.channel, contact, address) for address in tried) else contact
