using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>Takes what the encode thread of one console makes. Called on that thread; must not block.</summary>
public interface IEncodedFrameSink
{
    /// <summary>One access unit, in order. The reference passes to the sink, which releases it.</summary>
    void Deliver(EncodedFrame frame);

    /// <summary>The picture's size changed; the next frame is a key frame of that size. Null: the screen is off.</summary>
    void SizeChanged(PictureSize? size);
}
