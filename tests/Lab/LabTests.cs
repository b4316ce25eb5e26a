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
    [InlineData("Gl", 2_000)]
    public void Thousands_of_flips_leave_fds_and_imports_flat(string converter, int frames)
    {
        IReadOnlyList<Finding> findings = AllHold("endurance");
        Assert.Equal(frames, Value(findings, $"{converter} converts every frame"));
        Assert.Equal(0, Value(findings, $"{converter} fds flat"));
        Assert.Equal(3, Value(findings, $"{converter} imports each buffer once"));
    }

    [Theory]
    [InlineData("Vulkan")]
    [InlineData("Gl")]
    public void A_real_QEMU_with_gl_on_streams_what_its_own_screendump_shows(string converter)
    {
        IReadOnlyList<Finding> findings = AllHold("qemu");
        Assert.Equal(0, Value(findings, $"{converter} nothing refused"));
        if (converter == "Vulkan")
            Assert.Equal(0, Value(findings, $"{converter} bytes copied by the CPU"));
        string stream = findings.Single(finding => finding.What == $"{converter} last stream").Detail;
        double psnr = DecodedPicture.Psnr(Path.Combine(run.Output, stream), Path.Combine(run.Output, $"{converter}.ppm"));
        Assert.True(psnr >= 35, $"{stream}: {psnr:f1} dB");
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
