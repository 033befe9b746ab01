import Backbone
import Terminal

/// How a model's layers see positions: which rope they have, and how far back they look.
struct ModelPositions: Encodable {
    /// Kinds of rope as `rope_type` says them: of all layers, and of those with a window where these have their own.
    var ropes: [String]
    var layersWithoutRope: Int
    var layersWithWindow: Int
    /// How many of the last positions these see; nil where there is no such layer.
    var window: Int?
    private let layers: Int

    enum CodingKeys: String, CodingKey {
        case ropes, window
        case layersWithoutRope = "layers_without_rope"
        case layersWithWindow = "layers_with_window"
    }

    init(_ configuration: ModelConfiguration) {
        ropes = [configuration.rope, configuration.windowRope].compactMap { $0?.scaling.name }
        layersWithoutRope = configuration.ropeLayers.count { !$0 }
        layersWithWindow = configuration.windows.count { $0 != nil }
        window = configuration.windows.compactMap(\.self).first
        layers = configuration.layerCount
    }

    var text: String {
        let all = Readable.count(layers, "layer")
        var parts = ["rope \(ropes.joined(separator: ", and in layers with a window "))"]
        if layersWithoutRope > 0 { parts.append("\(layersWithoutRope) of \(all) without it") }
        if let window {
            parts.append("\(layersWithWindow) of \(all) see the last \(Readable.count(window, "position"))")
        }
        return parts.joined(separator: "; ")
    }
}
