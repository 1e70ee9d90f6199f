"""What the scripts here have in common: steps that say how they went, a line
"ok WHAT" or "not ok WHAT: WHY" each, and whether all methods were called.
"""
import inspect
import time
import traceback


def step(fn):
    """Marks one; all of them, in their order: step.all."""
    step.all.append(fn)
    return fn


step.all = []


def methods(thing, path=''):
    """(object, name, path) of every public method of a client."""
    for name, value in sorted(vars(type(thing)).items()):
        if inspect.isfunction(value) and not name.startswith('_'):
            yield thing, name, path + name
    for name, value in sorted(vars(thing).items()):
        if type(value).__module__ == 'consul.base' and name != 'agent':
            yield from methods(value, path + name + '.')
        elif name == 'agent' and not path:
            yield from methods(value, 'agent.')


def watched(client, called):
    """The client, noting which of its methods are called."""
    for thing, name, path in list(methods(client)):
        def call(*args, _method=getattr(thing, name), _path=path, **kwargs):
            called.add(_path)
            return _method(*args, **kwargs)
        setattr(thing, name, call)
    return client


def eventually(what, seconds=10):
    end = time.time() + seconds
    while True:
        try:
            return what()
        except AssertionError:
            if time.time() > end:
                raise
            time.sleep(0.02)


def raises(kind, fn, *args, **kwargs):
    try:
        got = fn(*args, **kwargs)
    except kind:
        return
    raise AssertionError('no %s but %r' % (kind.__name__, got))


def same(a, b):
    assert a == b, '%r is not %r' % (a, b)


def try_step(fn, client):
    try:
        fn(client)
        print('ok ' + fn.__name__)
    except BaseException as error:  # a suite goes on
        at = traceback.extract_tb(error.__traceback__)
        where = [f for f in at if f.name == fn.__name__][-1]
        print('not ok %s: line %d: %s: %s' % (
            fn.__name__, where.lineno, type(error).__name__,
            str(error).replace('\n', ' ')))


def run(client, steps, wanted):
    """Each step with that client, then whether all of its methods were called
    whose paths are wanted."""
    called = set()
    watched(client, called)
    for fn in steps:
        try_step(fn, client)
    left = [path for _, _, path in methods(client)
            if wanted(path) and path not in called]
    print('not ok not called: ' + ' '.join(left) if left
          else 'ok every method was called')
