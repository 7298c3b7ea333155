"""schema.py: what netmip writes as JSON, held against src/command/schema: a file for each verb and each kind of file.

A schema names another as FILE.schema.json#/..; each is bundled with those that it names, so that any version of
python3-jsonschema takes it."""
import glob, json, os

FOLDER = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "src", "command", "schema"))
FILES = {os.path.basename(f)[:-len(".schema.json")]: json.load(open(f)) for f in sorted(glob.glob(os.path.join(FOLDER, "*")))}
_made = {}


def _inside(x, own):
    """x with its references pointing into one bundle, in which each file stands under $defs; own: the file that x is from"""
    if isinstance(x, list):
        return [_inside(e, own) for e in x]
    if not isinstance(x, dict):
        return x
    if isinstance(x.get("$ref"), str):
        name, _, path = x["$ref"].partition("#")
        name = name[:-len(".schema.json")] if name else own
        return {**{k: v for k, v in x.items() if k != "$ref"}, "$ref": "#/$defs/" + name + path}
    return {k: _inside(v, own) for k, v in x.items() if k != "$schema"}


def validator(name):
    """of the schema of that name; ImportError where jsonschema is missing"""
    from jsonschema import Draft202012Validator

    if name not in _made:
        bundle = {"$defs": {k: _inside(v, k) for k, v in FILES.items()}, "$ref": "#/$defs/" + name}
        Draft202012Validator.check_schema(FILES[name])
        _made[name] = Draft202012Validator(bundle)
    return _made[name]


def breach(name, x):
    """where and how x breaks the schema; "" if it does not"""
    found = sorted(validator(name).iter_errors(x), key=lambda e: -len(e.absolute_path))
    return "; ".join("%s: %s" % ("/".join(map(str, e.absolute_path)) or "the whole", e.message[:300]) for e in found[:2])


def of_command(args):
    """the schema of what `netmip ARGS` prints"""
    return "question" if "--dump" in args else "status" if "--status" in args else args[0]
