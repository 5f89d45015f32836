"""Questions that take seconds, before anything that takes minutes."""

from collections.abc import Callable

from flows import seed_secrets
from flows.configure import own_reader
from tasks import charts, key_vault, role_assignments, run_command, state_storage, terraform, wait
from tasks import environment as environments
from tasks import preflight as questions
from tasks.environment import Environment, State
from tasks.errors import ConfigError, DeployError, PreflightError
from tasks.preflight import Complaint
from tasks.secrets_file import Brought, refused
from tasks.stage import stage
from tasks.state_storage import Found
from tasks.terraform import Foundation, Planned
from tasks.wait import patient

POLICY = "azurerm_resource_policy_assignment"


@stage
def preflight(environment: str, secrets_file: str = "", registers: bool = True) -> tuple[str, ...]:
    """
    Check files, tools, credentials, permissions, names, capacity and required secrets.

    Nothing is built. Azure's services that the subscription has not asked for are registered,
    where these credentials may do that; or they are returned, where nothing at all may change.

    Args:
        environment: Name of a file in deployments/.
        secrets_file: Path of the file that a deploy will be given.
        registers: Whether to register the services of Azure that are needed and are not yet.
    """
    wanted = environments.load(environment)
    questions.files(wanted)
    run_command.pack({p.file: p.content for p in charts.package(*questions.CHARTS).values()})
    questions.tools(wanted)
    questions.sign_in(wanted)
    subscription = str(wanted.subscription)
    patience = wanted.waits.azure
    questions.verdict(wanted.name, patient(questions.subscription, patience)(subscription))

    state = state_of(wanted)
    built, planned, refused = foreseen(with_known_state(wanted, state))
    permitted = patient(role_assignments.check, patience).submit(
        subscription,
        assigns=built.roles_assigned or (state is not None and state.assigns(wanted.state)),
        locks=built.locked or (state is not None and state.locks(wanted.state)),
        policies=any(one.type == POLICY for one in planned),
    )
    found = [*refused, *complaints(permitted.result)]
    found += complaints(lambda: provided(wanted, Brought(secrets_file)))
    found += complaints(lambda: own_reader(wanted))
    found += questions.unchangeable(planned)
    needed = questions.needed(planned)
    look = patient(questions.unregistered, patience)
    unregistered = () if registers else look(subscription, needed)
    lacking = patient(questions.register, patience)(subscription, needed) if registers else ()
    found += lacking
    if planned and not lacking and not unregistered:
        asked = [
            patient(questions.names, patience).submit(subscription, planned, wanted.deleted_vault),
            *(
                patient(question, patience).submit(subscription, built.location, planned)
                for question in (
                    questions.region,
                    questions.nodes,
                    questions.versions,
                    questions.database,
                )
            ),
        ]
        found += [one for future in asked for one in future.result()]
    questions.verdict(wanted.name, found)
    if not built.roles_assigned:
        left_to_an_owner(wanted, built)
    wait.logger().info("Ready: nothing speaks against deploying %s.", wanted.name)
    return unregistered


def left_to_an_owner(wanted: Environment, built: Foundation) -> None:
    """What somebody else must assign, with the commands as far as the identities exist."""
    if built.role_assignments:
        role_assignments.tell(str(wanted.subscription), built.role_assignments, wanted.name)
    else:
        wait.logger().warning(
            "%s leaves the roles to an owner of the subscription. The commands are printed as soon "
            "as the identities exist; have an owner at hand.",
            wanted.tfvars_file,
        )


def foreseen(wanted: Environment) -> tuple[Foundation, tuple[Planned, ...], list[Complaint]]:
    """The foundation as it will be, all that both stacks touch, and what Terraform refuses."""
    foresee = patient(terraform.foresee, wanted.waits.azure)
    base = foresee(terraform.foundation(wanted))
    built = terraform.assumed(base, str(wanted.subscription))
    top = foresee(terraform.platform(wanted, built))
    remedy = f"Correct terraform/{wanted.tfvars_file}."
    texts = [*base.invalid, *base.refused, *top.invalid]
    if not texts:  # What a platform on no foundation at all is refused for says nothing.
        texts += top.refused
    refused = [Complaint(text, remedy) for text in texts]
    return built, (*base.planned, *top.planned), refused


def state_of(wanted: Environment) -> Found | None:
    """What is there of the state's storage; None where the state is kept on this machine."""
    if wanted.state.kind == "local":
        return None
    return patient(state_storage.look, wanted.waits.azure)(wanted, role_assignments.caller())


def with_known_state(wanted: Environment, found: Found | None) -> Environment:
    """While the state has no place, nothing is built: an empty local state says the same."""
    if found is None:
        return wanted
    name = wanted.state.storage_account
    if not (found.account and found.container):
        wait.logger().info("The state's storage %s is not there yet: bootstrap makes it.", name)
        return wanted.model_copy(update={"state": State()})
    if not found.admitted:
        raise PreflightError(
            f"These credentials have no role on {name}, where the state of {wanted.name} lies.",
            f"Run `python -m flows bootstrap --environment {wanted.name}`, or ask an owner for "
            "Storage Blob Data Contributor on it.",
        )
    patient(state_storage.reach, wanted.waits.vault_access)(wanted)
    return wanted


def complaints(question: Callable[[], object]) -> list[Complaint]:
    """What a question that raises has to say, beside all others."""
    try:
        question()
    except (ConfigError, PreflightError) as error:
        return [Complaint(error.message, error.hint)]
    return []


def provided(wanted: Environment, brought: Brought) -> None:
    """Secrets that only a person knows must be at hand before the first resource is built."""
    needed = seed_secrets.secrets(wanted)
    names = [secret.name for secret in needed]
    given = brought.read(names)
    if flaws := key_vault.flaws(needed, given, None):
        raise refused(brought, flaws)
    lacks = absent(wanted, names, [name for name in wanted.provided_secrets if name not in given])
    found = key_vault.providers(needed, set(names) - set(lacks), given)
    if found:
        rows = [(f"{who}:", ", ".join(secrets)) for who, secrets in found.items()]
        told = "\n".join(key_vault.aligned(rows))
        wait.logger().info("Secrets that the vault lacks, by who provides them:\n%s", told)
    if missing := found.get(key_vault.MISSING):
        raise PreflightError(*key_vault.lacking(missing))


def absent(wanted: Environment, names: list[str], asked: list[str]) -> tuple[str, ...]:
    """What the vault does not hold; it is waited for only when somebody must bring something."""
    try:
        vault = terraform.outputs(terraform.foundation(wanted), Foundation).vault_uri
    except PreflightError:  # Not built yet, so the vault cannot hold them.
        return tuple(names)
    if asked:
        return patient(key_vault.absent, wanted.waits.vault_access)(vault, tuple(names))
    try:
        return key_vault.absent(vault, tuple(names))
    except DeployError:  # Its role may be among what is about to be built.
        wait.logger().info("The vault does not let us look yet; seeding tells what it lacks.")
        return ()
