namespace QemuZeroCopy.Pipeline.Convert.Gpu;

/// <summary>A converter on a GPU, with the figures that the overlay, the bench and the tests look at.</summary>
public interface IGpuConverter : IFrameConverter
{
    /// <summary>Imports of scanouts and targets alive now.</summary>
    int LiveImports { get; }

    /// <summary>Somebody else has written the pictures meanwhile: the next one is converted whole and counts as changed.</summary>
    void ForgetPrevious();
}
