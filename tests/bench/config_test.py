#!/usr/bin/env python3
"""What a test of a large configuration costs, beside keepalived's: config_test.py BUILD_FOLDER [ROUNDS]

Prints figures and judges nothing. Seconds and processor time are the best of several rounds, in which
the programs take turns. Memory is the peak resident size: of the largest process, and of all processes
of a run together (the sum of their peaks).
"""
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SERVICES = 5000
MANY_SERVICES = 50000
SERVER = """    real_server 192.168.{net}.{host} 80 {{
        weight 1
        HTTP_GET {{
            url {{
                path /health
                status_code 200
            }}
            connect_timeout 3
            retry 3
            delay_before_retry 3
        }}
    }}
"""


def write_services(path, count):
    """`count` virtual servers with four real servers and an HTTP_GET each; returns the lines."""
    lines = 0
    with open(path, 'w', encoding='ascii') as out:
        for i in range(count):
            text = (f'virtual_server 10.{i >> 16}.{i >> 8 & 255}.{i & 255} 80 {{\n    delay_loop 6\n    lvs_sched wrr\n'
                    '    lvs_method NAT\n    protocol TCP\n')
            text += ''.join(SERVER.format(net=i % 200, host=host) for host in range(1, 5)) + '}\n'
            out.write(text)
            lines += text.count('\n')
    return lines


def cost_of(command):
    """Seconds by the clock and of the processor, children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    status = subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if status != 0:
        sys.exit(f'{command[0]} ended with {status}')
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def family_of(pid):
    try:
        children = Path(f'/proc/{pid}/task/{pid}/children').read_text(encoding='ascii').split()
    except OSError:
        children = []
    return [pid] + [member for child in children for member in family_of(int(child))]


def memory_of(command):
    """Peak resident KiB of each process of a run, seen by looking again and again."""
    peaks = {}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            for pid in family_of(process.pid):
                try:
                    status = Path(f'/proc/{pid}/status').read_text(encoding='ascii')
                except OSError:
                    continue
                for line in status.splitlines():
                    if line.startswith('VmHWM:'):
                        peaks[pid] = max(peaks.get(pid, 0), int(line.split()[1]))
    return list(peaks.values())


def show(name, lines, costs, peaks):
    seconds = min(cost[0] for cost in costs)
    processor = min(cost[1] for cost in costs)
    print(f'  {name:34} {seconds:8.3f} s  {processor:8.3f} s cpu  {seconds / lines * 1e6:6.3f} us/line'
          f'  {max(peaks) / 1024:6.1f} MiB largest  {sum(peaks) / 1024:6.1f} MiB in {len(peaks)} process(es)')
    return seconds, processor, max(peaks), sum(peaks)


def main(build, rounds=7):
    holdfast = str(Path(build) / 'supervisor' / 'holdfast')
    keepalived = shutil.which('keepalived') or '/usr/sbin/keepalived'
    with tempfile.TemporaryDirectory(prefix=f'holdfast-bench-{os.getpid()}-') as folder:
        os.chmod(folder, 0o755)
        files = {}
        for count in (SERVICES, MANY_SERVICES):
            path = Path(folder) / f'{count}.conf'
            files[count] = (str(path), write_services(path, count))
            path.chmod(0o644)
        path, lines = files[SERVICES]
        commands = {'holdfast': [holdfast, '-t', '-f', path]}
        if os.path.exists(keepalived):
            commands['keepalived'] = [keepalived, '-t', '-f', path]
        costs = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                costs[name].append(cost_of(command))
        print(f'{SERVICES} services of 4 servers, {lines} lines, best of {rounds}:')
        ours = show('holdfast -t', lines, costs['holdfast'], memory_of(commands['holdfast']))
        if 'keepalived' in commands:
            theirs = show('keepalived -t', lines, costs['keepalived'], memory_of(commands['keepalived']))
            print(f'  keepalived takes {theirs[0] / ours[0]:.1f} times as long, '
                  f'{theirs[1] / ours[1]:.1f} times the processor; holdfast takes {ours[2] / theirs[2]:.2f} times '
                  f'the memory (largest process), {ours[3] / theirs[3]:.2f} times (all processes)')
        path, many_lines = files[MANY_SERVICES]
        command = [holdfast, '-t', '-f', path]
        print(f'{MANY_SERVICES} services of 4 servers, {many_lines} lines, best of 3:')
        many = show('holdfast -t', many_lines, [cost_of(command) for _ in range(3)], memory_of(command))
        print(f'  a line costs {many[0] / many_lines / (ours[0] / lines):.2f} times what it costs in the small file')


if __name__ == '__main__':
    main(sys.argv[1], *map(int, sys.argv[2:]))
