using System.CommandLine;
using System.Net;
using QemuZeroCopy.Server.Cli;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Input.Barrier;

namespace QemuZeroCopy.Server.Tests.Cli;

public sealed class BarrierOptionsTests
{
    [Theory]
    [InlineData("")]
    [InlineData("--input auto")]
    [InlineData("--input dbus")]
    public void No_port_is_opened_unasked(string line)
    {
        Assert.Null(Read(line));
    }

    [Theory]
    [InlineData("--input barrier", "127.0.0.1:24800", false)]
    [InlineData("--barrier-name VM-1", "127.0.0.1:24800", false)]
    [InlineData("--barrier-tls", "127.0.0.1:24800", true)]
    [InlineData("--barrier-listen 24801", "127.0.0.1:24801", false)]
    [InlineData("--barrier-listen 127.0.0.1", "127.0.0.1:24800", false)]
    [InlineData("--barrier-listen *:24800 --barrier-tls", "0.0.0.0:24800", true)]
    [InlineData("--barrier-listen [::1]:5", "[::1]:5", false)]
    public void Any_word_of_Barrier_asks_for_it(string line, string endPoint, bool tls)
    {
        BarrierSettings settings = Read(line)!;
        Assert.Equal(IPEndPoint.Parse(endPoint), settings.Listen);
        Assert.Equal(tls, settings.UseTls);
    }

    [Fact]
    public void Names_may_be_several()
    {
        Assert.Equal(["VM-1", "VM-2"], Read("--barrier-name VM-1 --barrier-name VM-2")!.Names);
    }

    [Theory]
    [InlineData("--barrier-listen 0.0.0.0:24800", "--barrier-tls")]
    [InlineData("--barrier-name a/b", "a/b")]
    [InlineData("--input dbus --barrier-name VM-1", "--input dbus")]
    public void What_makes_no_sense_is_told(string line, string part)
    {
        UserError error = Assert.Throws<UserError>(() => Read(line));
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.Equal(UserError.UsageExitCode, error.ExitCode);
    }

    [Theory]
    [InlineData("--input mouse", "auto, dbus or barrier")]
    [InlineData("--barrier-listen nowhere", "0.0.0.0:24800")]
    [InlineData("--barrier-listen 1.2.3.4:99999", "0.0.0.0:24800")]
    public void What_cannot_be_read_is_told_with_an_example(string line, string part)
    {
        ParseResult parsed = Parse(line, out _);
        Assert.Contains(part, Assert.Single(parsed.Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_mode_is_auto_unless_told_otherwise()
    {
        ParseResult nothing = Parse("", out BarrierOptions options);
        Assert.Equal(InputMode.Auto, options.Mode(nothing));
        ParseResult barrier = Parse("--input barrier", out options);
        Assert.Equal(InputMode.Barrier, options.Mode(barrier));
    }

    [Fact]
    public void A_page_without_a_screen_always_takes_clients()
    {
        ParseResult parsed = Parse("", out BarrierOptions options);
        Assert.NotNull(options.Read(parsed, insecure: false, always: true));
    }

    private static BarrierSettings? Read(string line)
    {
        ParseResult parsed = Parse(line, out BarrierOptions options);
        Assert.Empty(parsed.Errors);
        return options.Read(parsed, insecure: false);
    }

    private static ParseResult Parse(string line, out BarrierOptions options)
    {
        options = new BarrierOptions();
        var command = new RootCommand();
        options.AddTo(command);
        return command.Parse(line);
    }
}
