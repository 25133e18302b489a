"""What an application does for each answer of a validation. `python3 examples/python/codes.py` prints the table."""

RUN, STOP = True, False

REACTIONS = {
    "VALID": (RUN, ""),
    "VALID_IN_GRACE": (RUN, "The license has expired and works for a while longer. Please renew it."),
    "VALID_OVERAGE": (RUN, "More is in use than was bought. Please ask for a larger license."),
    "NOT_FOUND": (STOP, "This license key is not known. Please check it."),
    "TENANT_SUSPENDED": (STOP, "The vendor of this license is not active. Please contact them."),
    "REVOKED": (STOP, "This license was revoked. Please contact the vendor."),
    "SUSPENDED": (STOP, "This license is suspended. Please contact the vendor."),
    "KEY_ROTATED": (STOP, "This license has a new key. Please enter the new one."),
    "NOT_YET_VALID": (STOP, "This license begins later."),
    "EXPIRED": (STOP, "This license has expired. Please renew it."),
    "CHECK_IN_OVERDUE": (STOP, "This license was not checked for too long. Please try once more."),
    "ENVIRONMENT_SCOPE_REQUIRED": (STOP, "The application must name its environment: a mistake of its vendor."),
    "ENVIRONMENT_MISMATCH": (STOP, "This license is for another environment."),
    "PRODUCT_SCOPE_REQUIRED": (STOP, "The application must name its product: a mistake of its vendor."),
    "PRODUCT_NOT_LICENSED": (STOP, "This license does not cover this product."),
    "VERSION_SCOPE_REQUIRED": (STOP, "The application must name its version and release: a mistake of its vendor."),
    "VERSION_NOT_ENTITLED": (STOP, "This license does not cover this version. Please use an older one or renew."),
    "USER_SCOPE_REQUIRED": (STOP, "This license is for named users. Please sign in."),
    "USER_NOT_ASSIGNED": (STOP, "This license is not assigned to you. Please ask your administrator."),
    "ENTITLEMENT_MISSING": (STOP, "This license lacks a feature that is needed."),
    "FINGERPRINT_REQUIRED": (STOP, "The application must name its device: a mistake of its vendor."),
    "NOT_ACTIVATED": (STOP, "This device is not activated. Activate it now?"),
    "FINGERPRINT_MISMATCH": (STOP, "This activation belongs to another device. Please activate this one."),
    "COMPONENTS_REQUIRED": (STOP, "The application must name the components of its device: a mistake of its vendor."),
    "COMPONENTS_MISMATCH": (STOP, "The hardware of this device has changed. Please release it and activate it again."),
    "NO_LEASE": (STOP, "This device holds no seat. Take one now?"),
    "LEASE_EXPIRED": (STOP, "The seat of this device was given away. Take one again?"),
    "TOO_MANY_ACTIVATIONS": (STOP, "Too many devices are activated. Please release one."),
    "TOO_MANY_LEASES": (STOP, "Too many seats are taken. Please wait for one."),
    "TOO_MANY_USERS": (STOP, "Too many users are assigned. Please ask your administrator."),
    "QUOTA_EXCEEDED": (STOP, "The quota is used up."),
}


def reaction_to(code, valid):
    """A code of a newer server is not known here; `valid` still says whether the application may run."""
    if code == "EXPIRED" and valid:
        # The policy lets the application go on after the end of the term.
        return RUN, "The term has ended. The license still works."
    return REACTIONS.get(code, (valid, "" if valid else f"The license is not valid ({code})."))


if __name__ == "__main__":
    for name, (runs, say) in REACTIONS.items():
        print(f"{name}\t{'run' if runs else 'stop'}\t{say}")
