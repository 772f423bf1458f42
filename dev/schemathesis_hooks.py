"""What the schemas of single parameters cannot say: `from` is not after `to`."""

import schemathesis


@schemathesis.hook
def filter_case(context, case):
    """Leaves out requests with both, as the order of any two texts is not known here."""
    query = case.query or {}
    return not ("from" in query and "to" in query)
