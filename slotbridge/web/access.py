"""Who may open a page, and who may change something on it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from slotbridge.his.models import Organisation, User

ADMINISTRATOR = User.Role.ADMINISTRATOR
RECEPTIONIST = User.Role.RECEPTIONIST
PRACTITIONER = User.Role.PRACTITIONER
AUDITOR = User.Role.AUDITOR

EVERYBODY = (ADMINISTRATOR, RECEPTIONIST, PRACTITIONER, AUDITOR)
OFFICE = (ADMINISTRATOR, RECEPTIONIST, AUDITOR)  # all but a practitioner, who sees own work only
DESK = (ADMINISTRATOR, RECEPTIONIST)
OVERSEERS = (ADMINISTRATOR, AUDITOR)
ADMINISTRATORS = (ADMINISTRATOR,)

P = ParamSpec("P")


class StaffRequest(HttpRequest):
    """A request of somebody who has logged in and belongs to an organisation."""

    user: User
    organisation: Organisation
    by: str  # who does it, as his and sync write it down
    may_change: bool  # the page's own forms; templates leave out what would be refused


def page(
    *, see: Collection[str], change: Collection[str] = ()
) -> Callable[
    [Callable[Concatenate[StaffRequest, P], HttpResponse]],
    Callable[Concatenate[HttpRequest, P], HttpResponse],
]:
    """A page that these roles may see, and on which these may change things (POST)."""

    def decorate(
        view: Callable[Concatenate[StaffRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            user = request.user
            if not user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if user.organisation is None:
                raise PermissionDenied(_("This account belongs to no organisation."))
            if user.role not in (change if request.method == "POST" else see):
                raise PermissionDenied(_("Your role does not allow this."))
            staff = cast("StaffRequest", request)
            staff.organisation = user.organisation
            staff.by = user.get_username()
            staff.may_change = user.role in change
            return view(staff, *args, **kwargs)

        return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", guarded)

    return decorate
