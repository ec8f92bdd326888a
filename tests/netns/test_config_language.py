"""The language itself, word by word: what keepalived and we make of the same small files.

Neither program shows its words, but both name a keyword that they do not know. So each case writes its
result where a keyword stands, and the two lists of unknown keywords must be equal. A case that differs
on purpose says so, with the reason.
"""
import re
import subprocess
from dataclasses import dataclass, field

import pytest

from harness.programs import BIN


@dataclass
class Case:
    name: str
    text: str | bytes
    files: dict = field(default_factory=dict)
    differs: str = ''           # why ours is another one
    ours: list | None = None    # what it is then


OF_2_2_7 = 'the current release does as we do, 2.2.7 did not'
INSIDE_UNKNOWN = 'what follows from an unknown block is not complained about again'

CASES = [
    # Lines
    Case('crlf', 'k_a\r\nk_b \r\r\n\r\nk_c'),
    Case('bare carriage return', 'k_a\rb\n'),
    Case('tabs and blanks', '\t k_a\t\n \t\n\t\tk_b'),
    Case('no line feed at the end', 'k_a\nk_b'),
    Case('form feed and vertical tab', 'k_a\fb\nk_c\vd\n'),
    Case('byte order mark', b'\xef\xbb\xbfk_a\nk_b\n'),
    Case('utf-8', 'k_ä # größe\n# ünder\nk_名前\n'),
    Case('latin-1', b'k_\xe4 \xff\nk_b\n'),
    Case('nul octet', b'k_a\nk_b\0c\nk_d\n', differs=OF_2_2_7, ours=['k_a', 'k_d']),
    Case('nul octet in a comment', b'k_a # \0\nk_b\n', differs=OF_2_2_7, ours=['k_b']),
    Case('line of 1021', 'k_a' + ' ' + 'x' * 1017 + '\nk_b\n'),
    Case('line of 1022', 'k_a' + ' ' + 'x' * 1018 + '\nk_b\n'),
    Case('line of 1023', 'k_a' + ' ' + 'x' * 1019 + '\nk_b\n', differs=OF_2_2_7, ours=['k_b']),
    Case('line of 1024', 'k_a' + ' ' + 'x' * 1020 + '\nk_b\n', differs=OF_2_2_7, ours=['x', 'k_b']),
    Case('line of 1030', 'k_a' + ' ' + 'x' * 1019 + 'k_rest' + '\nk_b\n', differs=OF_2_2_7,
         ours=['k_rest', 'k_b']),
    Case('line of 3000', 'k_a' + ' ' + 'x' * 1019 + 'y' * 1023 + ' k_rest' + '\nk_b\n',
         differs=OF_2_2_7, ours=['k_rest', 'k_b']),
    Case('backslash at the end', 'k_a \\\nk_b\n'),
    # Comments
    Case('comments', 'k_a#b\nk_c!d\n#k_e\n!k_f\n k_g # h\n'),
    Case('comment in quotes', '"k_a#b"\n"k_c!d" # e\n'),
    Case('single quotes protect nothing', "'k_a#b'\n"),
    Case('escaped comment signs', 'k_a\\#b\nk_c\\!d\nk_e\\f\nk_g\\\\#h\n',
         differs='its children read what it has unescaped once more', ours=['k_a#b', 'k_c!d', 'k_e\\f', 'k_g\\\\']),
    Case('escaped in quotes', '"k_a\\#b"\n'),
    # Quotes
    Case('quote in a word', 'k_a"b c"d\n'),
    Case('quoted keyword', '"k_a b" c\n'),
    Case('open quote', 'k_a "b\nk_c\n"k_d\nk_e\n'),
    Case('brace in quotes', '"k_a{b"\n"k_c}d"\n'),
    # Braces
    Case('known block on one line', 'global_defs { k_a }\nk_b\n'),
    Case('brace on the next line', 'global_defs\n\n# comment\n{\nk_a\n}\nk_b\n'),
    Case('everything on one line', 'global_defs { k_a } vrrp_script x { k_b } k_c\n'),
    Case('two statements on a line', 'global_defs {\nrouter_id a k_b\n}\n'),
    Case('missing opening brace', 'global_defs\nk_a\nk_b\n}\nk_c\n'),
    Case('missing closing brace', 'global_defs {\nk_a\n'),
    Case('extra closing brace', '}\nk_a\n}\nk_b\n'),
    Case('extra opening brace', '{\nk_a\n}\nk_b\n'),
    Case('unknown block', 'global_defs {\nk_block {\nk_a 1\n}\nk_b\n}\nk_c\n',
         differs=INSIDE_UNKNOWN, ours=['k_block', 'k_b', 'k_c']),
    Case('braces without blanks', 'global_defs{k_a}k_b\n'),
    Case('brace after a comment', 'global_defs # {\n{\nk_a\n}\n'),
    Case('a block twice', 'global_defs {\nk_a\n}\nglobal_defs {\nk_b\n}\n'),
    # Parameters
    Case('simple', '$A=one\nk_${A}_y\nk_$A\n'),
    Case('at the end of a word only', '$A=one\nk_$A-z\nk_$A/24\nk_$Ab\n"k_$A"\n'),
    Case('before a parenthesis', '$A=one\nk_($A)\n'),
    Case('in quotes', '$A=one\n"k_${A} x"\n'),
    Case('late', '$A=one\n$B=${A}x\n$A=two\nk_${B}\n'),
    Case('redefined', '$A=one\nk_${A}\n$A=two\nk_${A}\n'),
    Case('dollars', '$A=one\nk_$$A\nk_\\$A\nk_$\nk_$ A\n'),
    Case('undefined', 'k_${NONE}\nk_a\n', differs=INSIDE_UNKNOWN, ours=['k_$', 'k_a']),
    Case('undefined bare', 'k_$NONE\n'),
    Case('blanks in the braces', '$A=one\nk_${ A }\n', differs=INSIDE_UNKNOWN, ours=['k_$']),
    Case('empty value', '$A=\nk_${A}x\n'),
    Case('blank before =', '$A = one\nk_a\n'),
    Case('indented definition', '  $A=one\nk_${A}\n'),
    Case('definition in a block', 'global_defs {\n$A=one\n}\nk_${A}\n'),
    Case('value with a comment', '$A=one # two\nk_${A}\n'),
    Case('quoted value', '$A="k_one two"\n$A\n'),
    Case('name with digits', '$A1_b=one\nk_${A1_b}\n$1A=x\n'),
    Case('braces in a value', '$A=global_defs { k_a }\n${A}\nk_b\n'),
    Case('comment sign out of a parameter', '$A=one\nk_${A}${_HASH}x\n"k_a${_HASH}b"\nk_${_BANG}\n'),
    Case('@ out of a parameter', '$A=@other\n$A k_a\n'),
    Case('~SEQ out of a parameter', '$A=~SEQ(i,2)\n$A k_a\n',
         differs='2.2.7 sees it only where the parameter is the whole line', ours=['k_a']),
    Case('whole ~SEQ out of a parameter', '$A=~SEQ(i,2) k_$i\n$A\n'),
    Case('definition out of a parameter', '$A=$B=x\n$A\nk_${B}\n'),
    Case('condition out of a parameter', '$A=@other k_a\n$A\nk_b\n'),
    Case('true condition out of a parameter', '$A=@node1\n$A k_a\n',
         differs='2.2.7 keeps the condition as a word', ours=['k_a']),
    Case('several lines', '$T= \\\n  global_defs { \\\n  k_${S} \\\n  }\n$S=web\n$T\nk_b\n'),
    Case('several lines behind a text', '$T=one \\\n k_two \\\n k_three\nk_$T\nk_b\n'),
    Case('several lines before a text', '$T=one \\\n k_two\nk_$T x\nk_b\n'),
    Case('several lines with blank ones', '$T= \\\n k_a \\\n \\\n k_b\n$T\n'),
    Case('several lines with comments', '$T= \\\n k_a \\ # x\n k_b\n$T\nk_c\n'),
    Case('several lines with a sequence', '$T= \\\n k_a \\\n ~SEQ(i,2) k_$i\n$T\n'),
    Case('several lines with a sequence first', '$T=~SEQ(i,2) k_$i \\\n k_b\n$T\n'),
    Case('several lines with a condition', '$T= \\\n k_a \\\n @node1 k_b \\\n @other k_c\n$T\n'),
    Case('several lines with a definition', '$T= \\\n $U=x \\\n k_${U}\n$T\n'),
    Case('several lines nested', '$U=k_u \\\n k_v\n$T=k_a \\\n $U \\\n k_b\n$T\nk_c\n'),
    Case('instance', 'k_${_INSTANCE}\n'),
    Case('standard name redefined', '$_INSTANCE=x\nk_${_INSTANCE}\n'),
    Case('random with equal bounds', 'k_${_RANDOM 7 7}\n', differs='2.2.7 does not know the bounds', ours=['k_7']),
    Case('environment', 'k_${_ENV NOT_SET}x\n', differs='2.2.7 does not know ${_ENV}', ours=['k_x']),
    # Sequences
    Case('up', '~SEQ(i,3) k_$i\n'),
    Case('down', '~SEQ(i,4,2) k_$i\n'),
    Case('step', '~SEQ(i,0,5,12) k_$i\n'),
    Case('step down', '~SEQ(i,10,-5,-3) k_$i\n'),
    Case('to a negative number', '~SEQ(i,-2) k_$i\n'),
    Case('to zero', '~SEQ(i,0) k_$i\n'),
    Case('to one', '~SEQ(i,1) k_$i\n'),
    Case('from and to the same', '~SEQ(i,5,5) k_$i\n'),
    Case('hexadecimal numbers', '~SEQ(i,0x10,0x12) k_$i\n'),
    Case('octal numbers', '~SEQ(i,07,010) k_$i\n'),
    Case('hexadecimal output', '~SEQx(i,14,17) k_$i\n'),
    Case('hexadecimal output of negative numbers', '~SEQx(i,-2) k_$i\nk_a\n'),
    Case('blanks', '~SEQ ( i , 1 , 2 ) k_$i\n'),
    Case('blank before the x', '~SEQ x(i,1,2) k_$i\n'),
    Case('nested', '~SEQ(a,1,2) ~SEQ(b,1,2) k_${a}-${b}\n'),
    Case('indented', '   ~SEQ(i,2) k_$i\n'),
    Case('not at the start', 'k_a ~SEQ(i,2)\n'),
    Case('step of zero', '~SEQ(i,1,0,5) k_$i\nk_a\n'),
    Case('step of the wrong sign', '~SEQ(i,3,-1,5) k_$i\nk_a\n'),
    Case('no number', '~SEQ(i) k_$i\nk_a\n'),
    Case('too many numbers', '~SEQ(i,1,2,3,4) k_$i\nk_a\n'),
    Case('no name', '~SEQ(1,2) k_$i\nk_a\n', differs='no parameter can have that name', ours=['k_a']),
    Case('not a number', '~SEQ(i,1,b) k_$i\nk_a\n'),
    Case('without parentheses', '~SEQ i,1,2 k_$i\nk_a\n'),
    Case('open parenthesis', '~SEQ(i,1,2 k_$i\nk_a\n'),
    Case('name stays defined', '~SEQ(i,3) k_$i\nk_x$i\n'),
    Case('sequence with condition', '@node1 ~SEQ(i,2) k_$i\n@other ~SEQ(i,2) k_x$i\n'),
    Case('condition in a sequence', '~SEQ(i,2) @node1 k_$i\n'),
    Case('sequence of braces', '~SEQ(i,2) vrrp_script s$i { k_$i }\nk_a\n'),
    # Lists
    Case('list', '~LST(v,red, green) k_$v\n'),
    Case('tuples', '~LST({n,ip},{web,1},{db,2}) k_${n}_${ip}\n'),
    Case('tuple with too few', '~LST({n,ip},{web},{db,2}) k_${n}_${ip}\n'),
    Case('tuple with too many', '~LST({n},{web,1}) k_${n}\nk_a\n'),
    Case('list without value', '~LST(v) k_$v\nk_a\n'),
    Case('list of empty values', '~LST(v,,b) k_x$v\nk_a\n'),
    Case('list with blanks', '~LST( { n , ip } , { web , 1 } ) k_${n}_${ip}\n'),
    Case('list and sequence', '~LST(v,a,b) ~SEQ(i,2) k_${v}$i\n'),
    # Conditions
    Case('conditions', '@node1 k_a\n@other k_b\n@^node1 k_c\n@^other k_d\n'),
    Case('condition without text', '@node1\n@other\nk_a\n'),
    Case('condition without id', '@ k_a\n@^ k_b\nk_c\n'),
    Case('two conditions', '@node1 @^other k_a\n'),
    Case('condition before a definition', '@node1 $A=one\n@other $A=two\nk_${A}\n'),
    Case('condition with a tab', '@node1\tk_a\n'),
    Case('condition and brace', 'global_defs\n@node1 {\nk_a\n@node1 }\nk_b\n'),
    Case('condition is case-sensitive', '@NODE1 k_a\nk_b\n'),
    Case('condition of a prefix', '@node k_a\n@node12 k_b\nk_c\n'),
    # Includes
    Case('include', 'k_a\ninclude part.conf\nk_c\n', {'part.conf': 'k_b\n'}),
    Case('include in a block', 'global_defs {\ninclude part.conf\n}\n', {'part.conf': 'k_b\n'}),
    Case('block over two files', 'include part.conf\nk_b\n}\n', {'part.conf': 'global_defs {\nk_a\n'}),
    Case('include of several', 'include d/*.conf\n', {'d/2.conf': 'k_2\n', 'd/1.conf': 'k_1\n', 'd/x': 'k_x\n'}),
    Case('include of alternatives', 'include {b,a}.conf\n', {'a.conf': 'k_a\n', 'b.conf': 'k_b\n'}),
    Case('include of missing alternatives', 'include {b,c}.conf\nk_a\n', {'b.conf': 'k_b\n'}),
    Case('include relative to the file', 'include d/a.conf\nk_c\n',
         {'d/a.conf': 'include b.conf\n', 'd/b.conf': 'k_b\n'}),
    Case('include relative again afterwards', 'include d/a.conf\ninclude b.conf\n',
         {'d/a.conf': 'k_a\n', 'b.conf': 'k_b\n', 'd/b.conf': 'k_wrong\n'}),
    Case('include in quotes', 'include "part.conf"\nk_a\n', {'part.conf': 'k_b\n'}),
    Case('include of a parameter', '$D=d\ninclude ${D}/a.conf\n', {'d/a.conf': 'k_a\n'}),
    Case('include with a comment', 'include part.conf # x\n', {'part.conf': 'k_b\n'}),
    Case('include nothing', 'include\nk_a\n'),
    Case('include of a missing file', 'include none.conf\nk_a\n'),
    Case('include of a folder', 'include d\nk_a\n', {'d/a.conf': 'k_b\n'}),
    Case('includem of a missing file', 'includem none.conf\nk_a\n'),
    Case('includew of a wildcard', 'includew *.none\nk_a\n'),
    Case('includer of a wildcard', 'includer *.none\nk_a\n'),
    Case('includeb of alternatives', 'includeb {b,c}.conf\nk_a\n', {'b.conf': 'k_b\n'}),
    Case('includea of a missing file', 'includea none.conf\nk_a\n'),
    Case('includer of a folder', 'includer d\nk_a\n', {'d/a.conf': 'k_b\n'}),
    Case('include_check', 'global_defs {\ninclude_check missing\n}\ninclude none.conf\nk_a\n'),
    Case('include_check of all', 'global_defs {\ninclude_check\n}\ninclude none*.conf\nk_a\n'),
    Case('include_check in an included file', 'include part.conf\ninclude none.conf\nk_a\n',
         {'part.conf': 'global_defs {\ninclude_check match\n}\n'}),
    Case('include_check holds in included files', 'global_defs {\ninclude_check match\n}\ninclude part.conf\nk_a\n',
         {'part.conf': 'include none.conf\n'}),
    Case('include_check and a word of its own', 'global_defs {\ninclude_check match\n}\nincluder none.conf\nk_a\n'),
    Case('include_check taken back',
         'global_defs {\ninclude_check match\ninclude_check -match\n}\ninclude none.conf\nk_a\n'),
    Case('unknown include word', 'includex part.conf\nk_a\n', {'part.conf': 'k_b\n'}),
    Case('definition from an include', 'include part.conf\nk_${A}\n', {'part.conf': '$A=one\n'}),
    Case('include behind a condition', '@node1 include part.conf\nk_a\n', {'part.conf': 'k_b\n'}),
    Case('include out of a parameter', '$I=include part.conf\n$I\nk_a\n', {'part.conf': 'k_b\n'}),
    Case('folder of the file', 'include d/a.conf\n', {'d/a.conf': 'include ${_PWD}/b.conf\n', 'd/b.conf': 'k_b\n'}),
]


def written(folder, case):
    for name, text in {'main.conf': case.text, **case.files}.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(0o644)
    return folder / 'main.conf'


def unknown_of(pattern, command, folder):
    """The unknown keywords that a program names, each once, and its status."""
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=60)
    output = (done.stdout + done.stderr).decode('utf-8', 'replace')
    return list(dict.fromkeys(re.findall(pattern, output))), done.returncode, output


@pytest.mark.parametrize('case', CASES, ids=lambda case: case.name.replace(' ', '_'))
def test_language(case, tmp_path):
    main = written(tmp_path, case)
    theirs, their_status, their_output = unknown_of(
        r"Unknown keyword '([^\n]*)'\n", ['keepalived', '-t', '-i', 'node1', '-f', str(main)], tmp_path)
    ours, our_status, our_output = unknown_of(
        r"unknown keyword '([^\n]*)' in ", [BIN / 'holdfast', '-t', '-i', 'node1', '-f', str(main)], tmp_path)
    shown = f'keepalived:\n{their_output}\nours:\n{our_output}'
    if case.differs:
        assert ours == case.ours, shown
        return
    # A brace that is left over is a complaint of its own with us, and ours are sorted by file.
    assert sorted(ours) == sorted(word for word in theirs if word != '}'), shown
    assert our_status == their_status, shown
