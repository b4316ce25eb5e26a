using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>A guest that says too much, or nonsense, at a port as fast as memory: one page takes it all and goes on.</summary>
public sealed class TerminalFloodTests(TerminalFloodTests.Session session) : IClassFixture<TerminalFloodTests.Session>
{
    public sealed class Session(Browser browser) : SharedSession(browser)
    {
        private int _asked;

        internal Terminal Terminal { get; private set; } = null!;

        private protected override MachineOptions Options => new()
        {
            Append = "qzc.shell=hvc0",
            Devices = ["virtio-vga", "virtio-keyboard-pci", "virtio-tablet-pci", "virtio-serial"],
            Arguments = ["-chardev", "dbus,id=port1,name=org.qemu.console.serial.0", "-device", "virtconsole,chardev=port1"],
        };

        public override async ValueTask InitializeAsync()
        {
            await base.InitializeAsync();
            Terminal = await Terminal.OpenAsync(Viewer);
            await Terminal.LoginAsync(Machine, "Ada");
        }

        /// <summary>The picture follows a change of mode, and the shell answers in the terminal.</summary>
        internal async Task IsAliveAsync()
        {
            (int width, int height) = ++_asked % 2 == 1 ? (1024, 768) : (1280, 800);
            await Guest.TellAsync($"mode {width}x{height}");
            await Viewer.CardAsync(width, height);
            await Terminal.AskAsync($"printf '\\033c'; echo still $((40 + {_asked}))", $"still {40 + _asked}");
            Assert.DoesNotContain(Viewer.Console, line => line.StartsWith("uncaught", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_flood_of_output_is_shown_to_its_end_and_the_picture_goes_on()
    {
        await session.Terminal.TypeAsync("i=0; while [ $i -lt 1500 ]; do printf '\\033[3%dm\\033[%d;5H%d some words to fill the line\\033[0m\\r\\n' $((i % 8)) $((i % 20)) $i; i=$((i+1)); done; printf '\\033[2J\\033[Hthe %s\\n' end\r");
        await session.Terminal.SeesAsync("the end");
        await session.IsAliveAsync();
    }

    [Theory]
    [InlineData("counts that no screen has", "x=2147483647; for f in b I Z L M S T @ P X A B C D E F G H d e; do printf \"a\\033[$x;${x}$f\"; done; printf '\\033[8;%d;%dt' 60000 60000")]
    [InlineData("a title that does not end", "printf '\\033]0;'; yes nonsense | head -c 1000000; printf '\\033\\\\'")]
    [InlineData("a device string that does not end", "printf '\\033P'; yes nonsense | head -c 1000000; printf '\\033\\\\'")]
    [InlineData("a number without end", "printf '\\033['; yes 1234567890 | tr -d '\\n' | head -c 300000; printf m")]
    [InlineData("questions that the terminal answers", "stty raw -echo; yes $(printf '\\033[6n\\033[c') | head -c 50000; sleep 3; stty sane")]
    [InlineData("marks on one letter", "printf a; yes $(printf '\\314\\201') | tr -d '\\n' | head -c 100000")]
    [InlineData("titles, bells and modes", "yes $(printf '\\033]2;t\\007\\033[?1049h\\033[?1049l\\033[?1000h\\033[?1000l\\033c\\007') | head -c 500000")]
    public async Task Escape_sequences_gone_wild_leave_page_and_picture_alive(string what, string command)
    {
        await session.Terminal.TypeAsync($"echo {what}; {command}\r");
        await session.IsAliveAsync();
    }
}
