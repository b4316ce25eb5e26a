using QemuZeroCopy.Server.Cli;

namespace QemuZeroCopy.Server.Tests.Cli;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("--bus or --qmp", "attach")]
    [InlineData("--tls-key", "attach --qmp /nowhere --tls-cert x.pem")]
    [InlineData("--insecure", "attach --qmp /nowhere --listen 0.0.0.0:8081")]
    [InlineData("shorter", "attach --qmp /nowhere --token short")]
    [InlineData("characters", "attach --qmp /nowhere --token with/slash&more")]
    [InlineData("--listen takes", "attach --qmp /nowhere --listen nonsense:1:2")]
    [InlineData("--udp-port takes", "attach --qmp /nowhere --udp-port 70000")]
    [InlineData("--public-ip takes", "attach --qmp /nowhere --public-ip host.example")]
    [InlineData("--ice-server takes", "attach --qmp /nowhere --ice-server turn:host.example")]
    [InlineData("unix:path=", "attach --bus /run/vm.bus")]
    [InlineData("--barrier-tls", "input --barrier-listen 0.0.0.0:24800")]
    [InlineData("auto, dbus", "attach --qmp /nowhere --input mouse")]
    [InlineData("is no folder", "attach --qmp /nowhere --media-dir /nowhere/at/all")]
    [InlineData("from-guest", "attach --qmp /nowhere --clipboard sideways")]
    [InlineData("one of them", "attach --bus unix:path=/x --qmp /y")]
    [InlineData("nonsense", "nonsense")]
    [InlineData("-display", "run -- qemu-system-x86_64 -display gtk")]
    public async Task A_wrong_command_gets_one_line_that_says_what_to_do_and_exit_code_2(string expected, string arguments)
    {
        (int code, string output, string error) = await RunAsync(arguments.Split(' '));
        Assert.Equal(2, code);
        Assert.Empty(output);
        string line = Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("qzc: ", line, StringComparison.Ordinal);
        foreach (string part in expected.Split(" or "))
            Assert.Contains(part, line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cannot be started", "run -- /nowhere/qemu")]
    [InlineData("./dev guest", "demo --guest /nowhere")]
    public async Task A_right_command_that_cannot_work_here_gets_one_line_and_exit_code_1(string expected, string arguments)
    {
        (int code, _, string error) = await RunAsync(arguments.Split(' '));
        Assert.Equal(1, code);
        Assert.Contains(expected, Assert.Single(error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_teaches_and_names_every_command()
    {
        (int code, string output, string error) = await RunAsync("--help");
        Assert.Equal(0, code);
        Assert.Empty(error);
        foreach (string word in (string[])["attach", "run", "demo", "input", "doctor", "qemu-system-x86_64", "--version"])
            Assert.Contains(word, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_is_printed_alone()
    {
        (int code, string output, _) = await RunAsync("--version");
        Assert.Equal(0, code);
        Assert.Matches(@"^\d+\.\d+\.\d+", output);
    }

    [Fact]
    public async Task The_doctor_says_which_way_a_frame_takes()
    {
        (int code, string output, _) = await RunAsync("doctor");
        Assert.Contains("QEMU", output, StringComparison.Ordinal);
        Assert.Equal(code == 0, output.Contains("A frame's way here:", StringComparison.Ordinal));
        Assert.Contains("1. ", output, StringComparison.Ordinal);
        Assert.Contains("cpu → x264", output, StringComparison.Ordinal);
        Assert.Contains("cpu-mapped → x264", output, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        int code = await CommandLine.RunAsync(arguments, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
