import pytest

from console import student_codes

OURS = 'https://desk.example.cn'


def test_a_code_names_its_student_again() -> None:
    assert student_codes.named_by(student_codes.address(OURS, 42), OURS) == 42
    assert student_codes.named_by(f' {OURS.upper().replace("HTTPS", "https")}/students/7?from=x\n', OURS) == 7
    assert student_codes.picture(OURS, 42).startswith('data:image/svg+xml')


@pytest.mark.parametrize(
    'scanned',
    [
        '',
        'CODE_128,6901234567892',
        'http://desk.example.cn/students/42',
        'https://desk.example.cn.evil.cn/students/42',
        'https://evil@desk.example.cn/students/42',
        f'{OURS}/students/0',
        f'{OURS}/students/42/erase',
        f'{OURS}/conversations/42',
        'https://[broken',
    ],
)
def test_a_code_of_elsewhere_names_nobody(scanned: str) -> None:
    assert student_codes.named_by(scanned, OURS) is None
