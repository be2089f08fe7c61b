"""Names of runs, flows and tasks: made up, filled in from a template, checked."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import Any

from noria.core.errors import InvalidNameError, UnknownFieldError

BANNED_CHARACTERS = ["/", "%", "&", ">", "<"]

# Short, kind, and none that reads like a state, an order or a verdict on the run.
_ADJECTIVES = """
    able agile alert amber ample apt arctic ardent artful astral autumn azure balmy beaming bold
    bonny brave breezy bright brisk bronze bubbly calm candid careful caring casual cheery chipper
    civil classic clever cobalt coastal comely content copper coral cordial cosmic cosy courtly
    crafty creamy crisp curious dainty dapper daring dashing deft dewy dreamy dulcet dusky eager
    earnest earthy easy elated elegant elfin emerald epic even fabled fair famous fancy
    fearless festive fine fleet floral fluent fond forest frank fresh friendly frosty frugal gallant
    genial gentle genuine gifted glad gleaming glossy golden good graceful gracious grand grateful
    green gusty handy happy hardy hazel heroic honest hopeful humble indigo ivory jade jaunty jolly
    jovial joyful jubilant keen kind kindly lavish leafy lenient lilac limber lively loyal lucid
    lucky lunar lush mellow merry mighty mild mindful minty modest mossy musical natty neat
    nifty nimble noble northern notable olive opal opulent orderly outgoing pastel patient peaceful
    pearly peppy perky placid playful pleasant plucky poetic polar polite posh precise pretty prime
    proud prudent quaint quick quiet quirky radiant rapid rare refined regal relaxed robust
    rosy royal ruby rustic sable sage sandy sapphire savvy scenic serene shiny silken silver sincere
    sleek smart smooth snappy snowy snug sociable solar solid sonic southern sparkling speedy
    splendid sprightly spry stalwart starry stately steady stellar stoic sturdy suave sublime subtle
    summery sunlit sunny supple sure sweet tactful tawny tender thankful thorough thrifty
    tidy topaz tranquil trim trusty upbeat urbane valiant vast velvet verdant versatile vibrant
    violet vital vivid warm wary wavy western whimsical willing windy winged winsome wise witty
    woodland worthy zany zealous zesty zippy
"""
_ANIMALS = """
    addax alpaca anchovy angelfish antelope armadillo auk avocet axolotl badger barbet barnacle
    bear beetle bilby bison bittern blackbird bluebird bobcat bonobo bulbul bunting bustard
    butterfly buzzard camel canary caracal cardinal caribou cassowary catfish chaffinch chamois
    cheetah chickadee chinchilla chipmunk cicada civet clam coati cockatoo cod collie condor coot
    corgi cormorant cougar cowrie coyote crab crane cricket cuckoo curlew dace deer dhole dingo
    dipper dolphin dormouse dotterel dove dragonfly duck dugong dunlin eagle echidna egret eider
    eland elk emu ermine falcon fennec ferret finch firefly flamingo flounder fossa fox frog fulmar
    gannet gazelle gecko genet gerbil gibbon giraffe gnu goldfinch goose gopher goshawk grebe grouse
    guanaco gull guppy halibut hamster hare harrier hawk hedgehog heron herring hoopoe hornbill
    horse hummingbird husky ibex ibis iguana impala jabiru jackal jackdaw jaguar jay jerboa kakapo
    kangaroo kea kestrel kinkajou kite kiwi koala koi kookaburra kudu ladybird lapwing lark lemming
    lemur leopard linnet lion lizard llama loach lobster loon loris lynx macaque macaw magpie
    mallard manatee mandrill mantis marlin marmoset marmot marten meerkat merlin mink minnow mole
    mongoose moorhen moose moth mouflon mouse mule muskox narwhal newt nightjar numbat nuthatch
    ocelot octopus okapi oriole oryx osprey ostrich otter ouzel owl oyster panda pangolin panther
    parakeet parrot partridge peacock pelican penguin perch peregrine petrel pheasant pigeon pika
    pike pipit plaice plover polecat pony porcupine porpoise possum prawn puffin puma quail quokka
    quoll rabbit raccoon raven ray redpoll redstart reindeer rhino roadrunner robin rook ruff
    saiga salamander salmon sandpiper seahorse seal serval shearwater sheep shrew shrike shrimp
    siskin skate skua skylark sloth snipe sparrow spoonbill squid squirrel stag starfish starling
    stilt stoat stork sturgeon sunbird swallow swan swift tadpole takin tamarin tanager tapir
    tarsier teal tern terrapin tetra thrush tiger toad tortoise toucan treefrog trogon trout tuna
    turaco turbot turtle vicuna viper vole wagtail wallaby walrus warbler waxwing weasel whale
    wheatear whimbrel wigeon wildcat wolf wombat woodcock woodpecker wren yak zebra zebu
"""


@functools.cache
def words() -> tuple[list[str], list[str]]:
    """The adjectives and the animals that run names are made of."""
    return _ADJECTIVES.split(), _ANIMALS.split()


def random_run_name(entropy: int | None = None) -> str:
    """A name for a run, such as `brisk-heron`.

    Parameters:
        entropy: A number that decides the name, such as the last bytes of the run's id; drawn from
            the system when left out.

    Example:
        >>> random_run_name(0)
        'able-addax'
    """
    if entropy is None:
        entropy = int.from_bytes(os.urandom(8))
    adjectives, animals = words()
    rest, animal = divmod(entropy, len(animals))
    return f"{adjectives[rest % len(adjectives)]}-{animals[animal]}"


def format_name(template: str, parameters: Mapping[str, Any]) -> str:
    """Fill a run's name template, such as `"load {table}"`, from its parameters.

    Parameters:
        template: As `str.format` takes it; `{day:%Y-%m}`, `{row.id}` and `{rows[0]}` work too.
        parameters: Name -> value.

    Raises:
        UnknownFieldError: The template asks for a parameter that there is not; names both.
        InvalidNameError: The template cannot be filled for another reason.

    Example:
        >>> format_name("load {table}", {"table": "flights"})
        'load flights'
    """
    try:
        return template.format(**parameters)
    except KeyError as exc:
        problem = f"no parameter is named {exc.args[0]!r}"
        raise UnknownFieldError(_unfillable(template, parameters, problem)) from exc
    except (IndexError, ValueError, AttributeError, TypeError) as exc:
        raise InvalidNameError(_unfillable(template, parameters, str(exc))) from exc


def _unfillable(template: str, parameters: Mapping[str, Any], problem: str) -> str:
    return (
        f"Run name template {template!r} cannot be filled: {problem}. "
        f"The parameters are: {', '.join(parameters) or 'none'}. "
        "Write {{ and }} for braces that stand for themselves."
    )


def check_name(name: str, kind: str) -> str:
    """The name, unless it cannot be used.

    Parameters:
        name: The name of a flow, a deployment or the like; any text without `/ % & > <`.
        kind: What it is the name of, for the message.

    Raises:
        InvalidNameError: It is empty or holds one of these characters.
        TypeError: It is not a string.

    Example:
        >>> check_name("航班", "flow")
        '航班'
    """
    if not isinstance(name, str):
        raise TypeError(
            f"Expected string for a {kind}'s name; got {type(name).__name__} instead: {name!r}."
        )
    if not name:
        raise InvalidNameError(f"The name of a {kind} is empty; give it at least one character.")
    if any(character in name for character in BANNED_CHARACTERS):
        raise InvalidNameError(
            f"Name {name!r} contains an invalid character. "
            f"Must not contain any of: {BANNED_CHARACTERS}. It was given to a {kind}."
        )
    return name
