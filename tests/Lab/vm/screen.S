# A boot sector for the QEMU inside the lab: moving text, moving pixels and the card with a moving square, in turn, so
# that a gl=on display has damage and mode changes without a guest system. A key brings the card to rest; another one
# sets all in motion again.
#
# The card, 640x480: R = x / 4, G = y / 2, B = (x + y) / 8, all rounded down (tests/Lab/TestCard.cs).
    .set info, 0x8000       # what VBE says of the mode
    .set base, info + 40    # of it, where the pixels lie
    .set ticks, 18          # of a timer at 18.2 Hz, for each of the three

    .code16
    .globl _start
_start:
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $0x7c00, %sp
    cld
again:
    movw $0x0003, %ax       # text, 720x400
    movw $0xb800, %dx
    call show
    movw $0x0013, %ax       # 320x200, shown as 640x400
    movw $0xa000, %dx
    call show
    call card
    movw $ticks, %bp
1:  call square
    call tick
    decw %bp
    jnz 1b
    jmp again

tick:                       # waits for the timer; with a key the card comes to rest, until the next key
    sti
    hlt
    movb $1, %ah
    int $0x16
    jnz 1f
    ret
1:  xorb %ah, %ah
    int $0x16
    call card
    sti
    xorb %ah, %ah
    int $0x16
    movw $0x7c00, %sp
    jmp again

show:                       # AX: mode, DX: segment of its memory
    pushw %dx
    int $0x10
    popw %es
    movw $ticks, %bp
1:  xorw %di, %di
    movw $16000, %cx
2:  movw %bx, %ax
    addw %di, %ax
    stosw
    loop 2b
    incw %bx
    pushw %bx
    call tick
    popw %bx
    decw %bp
    jnz 1b
    ret

card:
    movw $0x4f01, %ax       # VBE: what of mode 0x142, 640x480 with 32 bits
    movw $0x0142, %cx
    xorw %di, %di
    movw %di, %es
    movw $info, %di
    int $0x10
    movw $0x4f02, %ax       # VBE: set it, with its linear memory
    movw $0x4142, %bx
    int $0x10
    call flat
    xorl %edx, %edx
1:  xorl %ecx, %ecx
2:  movl %ecx, %eax
    shrl $2, %eax
    shll $16, %eax
    movl %edx, %ebx
    shrl $1, %ebx
    movb %bl, %ah
    leal (%ecx, %edx), %ebx
    shrl $3, %ebx
    movb %bl, %al
    movl %eax, %fs:(%edi)
    addl $4, %edi
    incw %cx
    cmpw $640, %cx
    jb 2b
    incw %dx
    cmpw $480, %dx
    jb 1b
    ret

square:                     # 64x64 at 288,208, in another colour each time
    call flat
    addl $(208 * 640 + 288) * 4, %edi
    addl $0x030b05, colour
    movl colour, %eax
    movw $64, %dx
1:  movw $64, %cx
2:  movl %eax, %fs:(%edi)
    addl $4, %edi
    loop 2b
    addl $(640 - 64) * 4, %edi
    decw %dx
    jnz 1b
    ret

flat:                       # FS reaches all memory, EDI the first pixel; the firmware's interrupts may undo it
    cli
    lgdt pointer
    movl %cr0, %eax
    incw %ax
    movl %eax, %cr0
    movw $8, %cx
    movw %cx, %fs
    decw %ax
    movl %eax, %cr0
    xorw %cx, %cx
    movw %cx, %fs
    movl base, %edi
    ret

colour:
    .long 0
pointer:
    .word 15
    .long table
    .balign 8
table:
    .quad 0
    .quad 0x008f92000000ffff    # data, base 0, 4 GiB

    .org 510
    .word 0xaa55
