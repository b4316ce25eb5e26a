using QemuZeroCopy.Server.Viewers;

namespace QemuZeroCopy.Server.Web;

/// <summary>Why media could not be set up, or that it was.</summary>
internal enum MediaOutcome
{
    Accepted,

    /// <summary>The offer is not SDP, or offers nothing that we could answer.</summary>
    BadOffer,

    /// <summary>There is no such console or session.</summary>
    NotFound,

    /// <summary>As many viewers as this server takes are there already.</summary>
    Full,
}

/// <summary>The answer to an offer.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Sdp">The SDP answer, or a sentence about what is wrong with the offer.</param>
/// <param name="ResourceId">Names the media session in later requests; unguessable.</param>
internal readonly record struct MediaAnswer(MediaOutcome Outcome, string Sdp, string ResourceId = "");

/// <summary>What WHEP asks of the network thread. Callable from any thread.</summary>
internal interface IMediaGateway
{
    /// <summary>The pages' sessions, whose input may come by data channels.</summary>
    SessionRegistry Sessions { get; }

    /// <summary>Where whole access units of a console can be had; null where there is no such console.</summary>
    ViewerHub? FindHub(int console);

    /// <summary>What is known of the path to the viewer whose page has this input; null while it has no connection.</summary>
    Task<LinkStatistics?> LinkOfAsync(Input.ViewerInput input);

    /// <summary>Opens a media session for a console; <paramref name="session"/> names the page's session, empty for a player that has none.</summary>
    Task<MediaAnswer> OpenAsync(int console, string offer, string session, CancellationToken cancellation);

    /// <summary>Takes an SDP fragment (RFC 8840): trickled candidates, or an ICE restart, which is answered with one.</summary>
    Task<MediaAnswer> PatchAsync(string resourceId, string fragment, CancellationToken cancellation);

    /// <summary>Ends a media session. False where there is none of that name.</summary>
    Task<bool> CloseAsync(string resourceId);
}
