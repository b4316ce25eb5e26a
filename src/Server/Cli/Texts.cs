namespace QemuZeroCopy.Server.Cli;

/// <summary>The longer words of --help.</summary>
internal static class Texts
{
    public const string Root =
        """
        qzc shows the screen of a QEMU virtual machine in a web browser, and takes its keyboard and mouse there.

        Nothing is installed in the guest. QEMU 7.0 or newer with its D-Bus display is needed (Debian: the package
        qemu-system-modules-opengl or qemu-system-common has it). The usual ways:

          qzc demo                                       a small guest to look at, in one step
          qzc run -- qemu-system-x86_64 -m 2G disk.img   starts QEMU and shows it
          qzc attach --qmp /run/vm.qmp                   shows a QEMU that was started with
                                                         -display dbus,p2p=yes -qmp unix:/run/vm.qmp,server=on,wait=off
          qzc doctor                                     what this machine offers, and what to install for more

        Each prints the address to open. It holds a secret token; whoever has it can see and type.
        """;

    public const string Input =
        """
        Serves a page that has no picture and passes its keyboard and mouse on to Barrier clients: a virtual machine
        whose screen is a passed-through graphics card (QEMU's input-barrier object), or a real machine with barrierc
        or Input Leap.

          qzc input --barrier-name VM-1
          qemu-system-x86_64 … -object input-barrier,id=b0,name=VM-1,server=127.0.0.1,port=24800
        """;

    public const string Attach =
        """
        Shows a QEMU that runs already.

        Through its QMP socket, when it was started with
          -display dbus,p2p=yes -qmp unix:/run/vm.qmp,server=on,wait=off
        or on a D-Bus message bus, when it was started with
          -display dbus,addr=unix:path=/run/vm.bus
        Its sound comes along with -display dbus,…,audiodev=snd -audiodev dbus,id=snd and a card with audiodev=snd.
        When QEMU goes away the page says so, and takes it up again within two seconds of its return.
        """;

    public const string Run =
        """
        Starts QEMU and shows it. Everything after -- is QEMU's own command line; added to it are
        -display dbus,p2p=yes and a QMP socket. Its sound is heard in the page too: that of a card that is given a dbus
        audiodev, or none. Signals are passed on, and qzc ends with QEMU's exit code.

          qzc run -- qemu-system-x86_64 -enable-kvm -m 4G -device virtio-vga -usb -device usb-tablet disk.qcow2
        """;

    public const string Demo = "Starts a small guest that draws, moves and answers to keys and pointer, and shows it: the quickest way to see what this is.";

    public const string Doctor = "Tells what this machine offers for each step of a frame's way, which path will be taken and why, and what to install for a better one.";
}
