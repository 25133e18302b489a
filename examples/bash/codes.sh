#!/usr/bin/env bash
# What an application does for each answer of a validation. `bash examples/bash/codes.sh` prints the table.

# reaction_to CODE VALID: leaves `run` or `stop` in $runs, and what to say in $say.
reaction_to() {
  runs=stop
  say=''
  case $1 in
    VALID) runs=run ;;
    VALID_IN_GRACE) runs=run say='The license has expired and works for a while longer. Please renew it.' ;;
    VALID_OVERAGE) runs=run say='More is in use than was bought. Please ask for a larger license.' ;;
    NOT_FOUND) say='This license key is not known. Please check it.' ;;
    TENANT_SUSPENDED) say='The vendor of this license is not active. Please contact them.' ;;
    REVOKED) say='This license was revoked. Please contact the vendor.' ;;
    SUSPENDED) say='This license is suspended. Please contact the vendor.' ;;
    KEY_ROTATED) say='This license has a new key. Please enter the new one.' ;;
    NOT_YET_VALID) say='This license begins later.' ;;
    # The policy lets the application go on after the end of the term.
    EXPIRED) if [ "$2" = true ]; then runs=run say='The term has ended. The license still works.'
      else say='This license has expired. Please renew it.'; fi ;;
    CHECK_IN_OVERDUE) say='This license was not checked for too long. Please try once more.' ;;
    ENVIRONMENT_SCOPE_REQUIRED) say='The application must name its environment: a mistake of its vendor.' ;;
    ENVIRONMENT_MISMATCH) say='This license is for another environment.' ;;
    PRODUCT_SCOPE_REQUIRED) say='The application must name its product: a mistake of its vendor.' ;;
    PRODUCT_NOT_LICENSED) say='This license does not cover this product.' ;;
    VERSION_SCOPE_REQUIRED) say='The application must name its version and release: a mistake of its vendor.' ;;
    VERSION_NOT_ENTITLED) say='This license does not cover this version. Please use an older one or renew.' ;;
    USER_SCOPE_REQUIRED) say='This license is for named users. Please sign in.' ;;
    USER_NOT_ASSIGNED) say='This license is not assigned to you. Please ask your administrator.' ;;
    ENTITLEMENT_MISSING) say='This license lacks a feature that is needed.' ;;
    FINGERPRINT_REQUIRED) say='The application must name its device: a mistake of its vendor.' ;;
    NOT_ACTIVATED) say='This device is not activated. Activate it now?' ;;
    FINGERPRINT_MISMATCH) say='This activation belongs to another device. Please activate this one.' ;;
    COMPONENTS_REQUIRED) say='The application must name the components of its device: a mistake of its vendor.' ;;
    COMPONENTS_MISMATCH) say='The hardware of this device has changed. Please release it and activate it again.' ;;
    NO_LEASE) say='This device holds no seat. Take one now?' ;;
    LEASE_EXPIRED) say='The seat of this device was given away. Take one again?' ;;
    TOO_MANY_ACTIVATIONS) say='Too many devices are activated. Please release one.' ;;
    TOO_MANY_LEASES) say='Too many seats are taken. Please wait for one.' ;;
    TOO_MANY_USERS) say='Too many users are assigned. Please ask your administrator.' ;;
    QUOTA_EXCEEDED) say='The quota is used up.' ;;
    # A code of a newer server: `valid` still says whether the application may run.
    *) if [ "$2" = true ]; then runs=run; else say="The license is not valid ($1)."; fi ;;
  esac
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  for code in $(grep -o '^    [A-Z_]*)' "$0" | tr -d ' )'); do
    reaction_to "$code" false
    printf '%s\t%s\t%s\n' "$code" "$runs" "$say"
  done
fi
