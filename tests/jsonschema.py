#!/usr/bin/env python3
"""Lines of JSON against a schema that a tool prints: what is said there of it,
and nothing else of JSON Schema.

    jsonschema.py SCHEMA [FILE...]

Says what does not fit, with its line, and exits with 1."""
import json
import re
import sys

KINDS = {'null': type(None), 'boolean': bool, 'string': str, 'array': list,
         'object': dict}


def wrong(schema, value, root, at=''):
    """What does not fit, or None."""
    unknown = set(schema) - {
        '$schema', '$defs', '$ref', 'title', 'type', 'properties', 'items',
        'patternProperties', 'additionalProperties', 'anyOf'}
    assert not unknown, unknown
    if '$ref' in schema:
        name = schema['$ref'].removeprefix('#/$defs/')
        return wrong(root['$defs'][name], value, root, at)
    if 'anyOf' in schema:
        said = [wrong(s, value, root, at) for s in schema['anyOf']]
        return None if None in said else said[0]
    kind = schema.get('type')
    if kind == 'integer':
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif kind == 'number':
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    else:
        fits = kind is None or isinstance(value, KINDS[kind])
    if not fits:
        return '%s: %r is no %s' % (at, value, kind)
    if isinstance(value, list):
        for i, v in enumerate(value):
            bad = wrong(schema.get('items', {}), v, root, '%s[%d]' % (at, i))
            if bad:
                return bad
    if isinstance(value, dict):
        for k, v in value.items():
            s = schema.get('properties', {}).get(k)
            for p in schema.get('patternProperties', {}) if s is None else ():
                if re.search(p, k):
                    s = schema['patternProperties'][p]
            if s is None:
                s = schema.get('additionalProperties', {})
            if s is False:
                return '%s.%s: there is no such key' % (at, k)
            bad = wrong(s, v, root, at + '.' + k)
            if bad:
                return bad
    return None


def main():
    with open(sys.argv[1]) as f:
        schema = json.load(f)
    rc = 0
    for name in sys.argv[2:] or ['/dev/stdin']:
        with open(name, encoding='utf-8') as f:
            for n, line in enumerate(f, 1):
                try:
                    bad = wrong(schema, json.loads(line), schema)
                except ValueError as e:
                    bad = str(e)
                if bad:
                    print('%s:%d: %s' % (name, n, bad))
                    rc = 1
    return rc


if __name__ == '__main__':
    sys.exit(main())
