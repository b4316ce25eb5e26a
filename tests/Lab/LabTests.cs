namespace QemuZeroCopy.Lab.Tests;

public sealed class LabTests(LabRun run) : IClassFixture<LabRun>
{
    [Fact]
    public void The_VM_has_real_nodes_and_the_chain_judges_them_soundly()
    {
        IReadOnlyList<Finding> findings = AllHold("devices");
        foreach (string node in (string[])["/dev/dri/card0", "/dev/dri/card1", "/dev/dri/renderD128", "/dev/dri/renderD129"])
            Assert.Contains(findings, finding => finding.What == "node" && finding.Detail == node);
    }

    [Theory]
    [InlineData("Vulkan")]
    [InlineData("Gl")]
    public void Dma_bufs_of_every_exporter_convert_as_the_CPU_path_says(string converter)
    {
        IReadOnlyList<Finding> findings = AllHold("buffers");
        foreach (string exporter in (string[])["udmabuf", "card0", "card1"])
        {
            Finding[] pictures = [.. findings.Where(finding => finding.What.StartsWith($"{converter} {exporter} ", StringComparison.Ordinal))];
            Assert.Equal(6, pictures.Length);
            Assert.All(pictures, picture => Assert.InRange(picture.Value!.Value, 0, 1));
        }

        Assert.Contains(findings, finding => finding.What == $"{converter} outlives the exporter");
        Assert.Equal(3, findings.Count(finding => finding.What.StartsWith($"{converter} refuses", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_way_of_tiled_memory_gives_the_same_pictures()
    {
        IReadOnlyList<Finding> findings = AllHold("images");
        Assert.Equal(8, findings.Count(finding => finding.Value is >= 0 and <= 1));
    }

    [Theory]
    [InlineData("Vulkan", 10_000)]
    [InlineData("Gl", 1_000)]
    public void Thousands_of_flips_leave_fds_and_imports_of_a_converter_flat(string converter, int frames)
    {
        IReadOnlyList<Finding> findings = AllHold("endurance");
        Assert.Equal(frames, Value(findings, $"{converter} converts every frame"));
        Assert.Equal(0, Value(findings, $"{converter} fds flat"));
        Assert.Equal(3, Value(findings, $"{converter} imports each buffer once"));
    }

    [Fact]
    public void Flips_amid_a_storm_of_Disable_are_all_answered_and_leave_nothing()
    {
        IReadOnlyList<Finding> findings = AllHold("storm");
        foreach ((string way, int flips) in (ReadOnlySpan<(string, int)>)[("until it was read", 1_000), ("with the limit", 300)])
        {
            Assert.Equal(flips, Value(findings, $"{way}: updates answered"));
            Assert.Equal(0, Value(findings, $"{way}: guest pixels read or copied by the CPU"));
        }
    }

    [Theory]
    [InlineData("vulkan", "vulkan: llvmpipe", "x264")]
    [InlineData("vaapi", "vulkan: llvmpipe", "h264_vaapi: QemuZeroCopy software VA driver")]
    [InlineData("gl", "gl: llvmpipe", "x264")]
    [InlineData("cpu-mapped", "mapped, x264", "x264")]
    public void The_published_qzc_shows_a_real_QEMU_with_gl_on(string way, string converter, string encoder)
    {
        Finding[] findings = [.. AllHold("qzc").Where(finding => finding.What.StartsWith(way + " ", StringComparison.Ordinal))];
        Assert.Equal(0, Value(findings, $"{way} UpdateDMABUF calls left unanswered"));
        if (way != "cpu-mapped")
            Assert.Equal(0, Value(findings, $"{way} guest pixels read by the CPU"));
        string log = File.ReadAllText(Path.Combine(run.Output, $"qzc-{way}.log"));
        Assert.Contains(log.Split('\n'), line => line.Contains(converter, StringComparison.Ordinal) && line.Contains(encoder, StringComparison.Ordinal));
        Assert.DoesNotContain("shows nothing", log, StringComparison.Ordinal);
        Assert.DoesNotContain("cannot use", log, StringComparison.Ordinal);
        string stream = findings.Single(finding => finding.What == $"{way} stream").Detail;
        double psnr = DecodedPicture.Psnr(Path.Combine(run.Output, stream), TestCard.Width, TestCard.Height, TestCard.Pixels());
        Assert.True(psnr >= 35, $"{stream}: {psnr:f1} dB");
    }

    [Fact]
    public void The_doctor_names_the_nodes_their_drivers_what_those_encode_and_what_converts()
    {
        string[] doctor = File.ReadAllLines(Path.Combine(run.Output, "doctor.txt"));
        foreach (string node in (string[])["renderD128", "renderD129"])
        {
            Assert.Contains(doctor, line => line.StartsWith("✓ GPU ", StringComparison.Ordinal) && line.Contains(node, StringComparison.Ordinal));
            Assert.Contains(doctor, line => line.StartsWith($"✓ VAAPI on {node} ", StringComparison.Ordinal)
                && line.EndsWith("encodes H264ConstrainedBaseline, H264Main, H264High; used for H264", StringComparison.Ordinal));
        }

        foreach (string converter in (string[])["vulkan", "gl"])
            Assert.Contains(doctor, line => line.StartsWith("✓ Conversion ", StringComparison.Ordinal) && line.Contains($"{converter}: llvmpipe", StringComparison.Ordinal));
        // What is emulated in an emulator is slow to answer, but not missing.
        Assert.DoesNotContain(doctor, line => line.Contains("qemu-system-x86_64 is not installed", StringComparison.Ordinal));
    }

    private static double Value(IReadOnlyList<Finding> findings, string what) => findings.Single(finding => finding.What == what).Value!.Value;

    private IReadOnlyList<Finding> AllHold(string scenario)
    {
        IReadOnlyList<Finding> findings = run.Of(scenario);
        Assert.DoesNotContain(findings, finding => !finding.Holds);
        Assert.True(findings.Any(finding => finding.What == "ended"), $"The scenario {scenario} did not end. The VM's console:\n{run.Console}");
        return findings;
    }
}
