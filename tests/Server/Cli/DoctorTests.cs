using QemuZeroCopy.Interop.Va;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.Vaapi;
using QemuZeroCopy.Server.Cli.Doctor;

namespace QemuZeroCopy.Server.Tests.Cli;

public sealed class DoctorTests
{
    private const string Node = "/dev/dri/renderD128";

    [Fact]
    public void A_driver_is_told_with_its_profiles_and_what_of_them_is_used()
    {
        var probe = new VaapiProbe("Some driver", [new(VaProfile.H264High, false), new(VaProfile.H264High, true), new((VaProfile)99, false)], [VideoCodec.H264], "");
        Finding finding = GraphicsChecks.Encoders(Node, probe);
        Assert.Equal(new Finding("VAAPI on renderD128", Verdict.Good, "Some driver encodes H264High, H264High (low power), VAProfile 99; used for H264"), finding);
    }

    [Fact]
    public void A_driver_that_encodes_nothing_of_use_and_one_that_is_missing_say_why()
    {
        Finding useless = GraphicsChecks.Encoders(Node, new VaapiProbe("Some driver", [new((VaProfile)99, false)], [], "Some driver encodes nothing that a browser takes."));
        Assert.Equal((Verdict.Optional, "Some driver encodes nothing that a browser takes."), (useless.Verdict, useless.Advice));
        Finding missing = GraphicsChecks.Encoders(Node, VaapiProbe.OfRenderNode("/dev/dri/renderD999"));
        Assert.Equal(Verdict.Optional, missing.Verdict);
        Assert.Contains("renderD999", missing.Found, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_says_nothing_in_time_is_not_taken_for_one_that_is_missing()
    {
        Assert.Null(await Probe.OutputOfAsync("sleep", "60"));
        Assert.True(Probe.IsInstalled("sleep"));
        Assert.False(Probe.IsInstalled("no-such-program"));
        Finding silent = QemuChecks.Silent("sleep");
        Assert.Equal(Verdict.Optional, silent.Verdict);
        Assert.DoesNotContain("not installed", silent.Found, StringComparison.Ordinal);
    }
}
