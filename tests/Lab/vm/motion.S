# A boot sector for the QEMU inside the lab: fills the screen with moving characters or pixels, in three modes in turn,
# so that a gl=on display has damage and mode changes without a guest system.
    .code16
    .globl _start
_start:
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $0x7c00, %sp
    sti
    cld
again:
    movw $0x0003, %ax       # text, 720x400
    movw $0xb800, %dx
    call show
    movw $0x0013, %ax       # 320x200, shown as 640x400
    movw $0xa000, %dx
    call show
    movw $0x0012, %ax       # 640x480 in planes
    movw $0xa000, %dx
    call show
    jmp again

show:                       # AX: mode, DX: segment of its memory
    pushw %dx
    int $0x10
    popw %es
    movw $36, %bp           # two seconds of timer ticks
1:  xorw %di, %di
    movw $16000, %cx
2:  movw %bx, %ax
    addw %di, %ax
    stosw
    loop 2b
    incw %bx
    hlt
    decw %bp
    jnz 1b
    ret

    .org 510
    .word 0xaa55
