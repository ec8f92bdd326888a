"""keepalived.conf texts for tests."""


def block(keyword, *lines):
    inner = "\n".join(lines)
    return f"{keyword} {{\n{inner}\n}}"


def instance(name="VI_1", *, interface="eth0", vrid=51, priority=100, advert_int=1, state="BACKUP",
             addresses=("10.77.0.100/24",), version=None, password=None, extra=()):
    """A vrrp_instance block; `extra` are further lines of it."""
    lines = [f"state {state}", f"interface {interface}", f"virtual_router_id {vrid}",
             f"priority {priority}", f"advert_int {advert_int}"]
    if version:
        lines.append(f"version {version}")
    if password:
        lines.append(block("authentication", "auth_type PASS", f"auth_pass {password}"))
    lines.append(block("virtual_ipaddress", *addresses))
    return block(f"vrrp_instance {name}", *lines, *extra)


def configuration(*blocks, script_user="root", **global_defs):
    """A whole file; global_defs are keyword=value lines."""
    settings = [f"script_user {script_user}",
                *(f"{keyword} {value}".rstrip() for keyword, value in global_defs.items())]
    return "\n".join([block("global_defs", *settings), *blocks]) + "\n"
